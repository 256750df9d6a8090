/** How the steps of a pipeline stand in a run: as its backend tells, or by the cell it has reached. */

import { IPipelineStep, IRun, isOver, Phase } from '../tokens';

/** The steps of a package as they stand in a run; none where all of it is one step. */
export function stepsIn(made: IPipelineStep[], run: IRun): IPipelineStep[] {
  if (run.steps.length > 0) {
    return told(made, run.steps);
  }
  return made.length < 2 ? [] : reached(made, run);
}

/** What a backend renames is still the same step. */
function told(made: IPipelineStep[], steps: IPipelineStep[]): IPipelineStep[] {
  const plain = (name: string): string => name.replace(/_/g, '-');
  const phases = new Map(steps.map(step => [plain(step.name), step.phase]));
  return made.length < 2
    ? steps
    : made.map(step => ({
        ...step,
        phase: phases.get(plain(step.name)) ?? 'Pending'
      }));
}

/**
 * A run of the whole notebook takes its cells in their order, whatever step they belong to. A check
 * that fails does not end it.
 */
function reached(made: IPipelineStep[], run: IRun): IPipelineStep[] {
  const { checks, error, phase } = run;
  const inside = made.findIndex(step => step.cells.includes(run.cell ?? 0));
  // with other notebooks inside, cells run in the order of the steps and not of their numbers
  const placed = made.some(step => step.notebook);
  const spans = made.map((step, at) => (placed ? [at + 1] : step.cells));
  const cell = placed && inside >= 0 ? inside + 1 : placed ? null : run.cell;
  const over = isOver(phase);
  const failed = checks.filter(check => !check.passed).map(each => each.cell);
  const phaseOf = (cells: number[], span: number[]): Phase => {
    if (cells.some(each => failed.includes(each))) {
      return 'Failed';
    }
    if (phase === 'Succeeded' || (cell ?? 0) > Math.max(...span)) {
      return 'Succeeded';
    }
    if (cell === null || cell < Math.min(...span)) {
      return over ? 'Skipped' : 'Pending';
    }
    return !over
      ? 'Running'
      : error?.code === 'CHECK_FAILED'
        ? 'Succeeded'
        : phase;
  };
  return made.map((step, at) => ({
    ...step,
    phase: phaseOf(step.cells, spans[at])
  }));
}
