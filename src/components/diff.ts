/** The lines that differ between two texts. */

export interface IDiffLine {
  kind: 'same' | 'added' | 'removed' | 'gap';
  text: string;
  /** How many lines a gap stands for. */
  count: number;
}

/** Above this many pairs of lines, the old text is shown whole before the new one. */
const PAIRS = 1_000_000;

/** How many unchanged lines are kept around each change. */
const AROUND = 2;

// Characters that are not seen, or that change how others are shown: a reviewer must see them.
const UNSEEN =
  // eslint-disable-next-line no-control-regex -- they are what this is about
  /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u00ad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff\u{e0000}-\u{e007f}]/gu;

/** A line in which nothing is hidden. */
export function plainly(line: string): string {
  return line.replace(
    UNSEEN,
    character =>
      `⟨U+${(character.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0')}⟩`
  );
}

/** What was removed and added, with a few lines around each change. */
export function diffLines(
  before: string | null,
  after: string | null
): IDiffLine[] {
  return folded(compare(linesOf(before), linesOf(after)));
}

function linesOf(text: string | null): string[] {
  return text === null || text === '' ? [] : text.split(/\r?\n/);
}

function line(kind: IDiffLine['kind'], text: string): IDiffLine {
  return { kind, text, count: 1 };
}

/** The longest common subsequence, after what is equal at both ends is set aside. */
function compare(before: string[], after: string[]): IDiffLine[] {
  let start = 0;
  const shorter = Math.min(before.length, after.length);
  while (start < shorter && before[start] === after[start]) {
    start += 1;
  }
  let end = 0;
  while (
    end < shorter - start &&
    before[before.length - 1 - end] === after[after.length - 1 - end]
  ) {
    end += 1;
  }
  return [
    ...before.slice(0, start).map(text => line('same', text)),
    ...middle(
      before.slice(start, before.length - end),
      after.slice(start, after.length - end)
    ),
    ...before.slice(before.length - end).map(text => line('same', text))
  ];
}

function middle(before: string[], after: string[]): IDiffLine[] {
  const removed = before.map(text => line('removed', text));
  const added = after.map(text => line('added', text));
  const wide = after.length + 1;
  if (!before.length || !after.length || before.length * wide > PAIRS) {
    return [...removed, ...added];
  }
  const common = new Uint32Array((before.length + 1) * wide);
  for (let i = before.length - 1; i >= 0; i -= 1) {
    for (let j = after.length - 1; j >= 0; j -= 1) {
      common[i * wide + j] =
        before[i] === after[j]
          ? common[(i + 1) * wide + j + 1] + 1
          : Math.max(common[(i + 1) * wide + j], common[i * wide + j + 1]);
    }
  }
  const lines: IDiffLine[] = [];
  let i = 0;
  let j = 0;
  while (i < before.length && j < after.length) {
    if (before[i] === after[j]) {
      lines.push(line('same', before[i]));
      i += 1;
      j += 1;
    } else if (common[(i + 1) * wide + j] >= common[i * wide + j + 1]) {
      lines.push(removed[i]);
      i += 1;
    } else {
      lines.push(added[j]);
      j += 1;
    }
  }
  return [...lines, ...removed.slice(i), ...added.slice(j)];
}

/** Runs of unchanged lines that are far from any change become one gap each. */
function folded(lines: IDiffLine[]): IDiffLine[] {
  const near = lines.map((_, index) =>
    lines
      .slice(Math.max(0, index - AROUND), index + AROUND + 1)
      .some(each => each.kind !== 'same')
  );
  const result: IDiffLine[] = [];
  lines.forEach((each, index) => {
    const last = result[result.length - 1];
    if (near[index]) {
      result.push(each);
    } else if (last?.kind === 'gap') {
      last.count += 1;
    } else {
      result.push({ kind: 'gap', text: '', count: 1 });
    }
  });
  return result;
}
