import { readdirSync, readFileSync } from 'fs';
import { join, relative } from 'path';

const SOURCE = join(__dirname, '..');

/** Who may import whom: each part names the parts below it. */
const BELOW: Record<string, string[]> = {
  index: ['plugins'],
  plugins: ['panel', 'review', 'commands', 'icon', 'pages', 'tokens'],
  panel: [
    'sections',
    'components',
    'manager',
    'restapi',
    'events',
    'icon',
    'pages',
    'releases',
    'tokens'
  ],
  review: [
    'panel',
    'sections',
    'components',
    'manager',
    'restapi',
    'events',
    'icon',
    'pages',
    'tokens'
  ],
  commands: ['icon', 'tokens'],
  sections: ['components', 'releases', 'tokens'],
  components: [],
  manager: ['restapi', 'events', 'validate', 'releases', 'tokens'],
  restapi: ['validate', 'releases', 'tokens'],
  events: ['validate', 'tokens'],
  validate: ['releases', 'tokens'],
  releases: ['tokens'],
  pages: ['tokens'],
  tokens: ['facts'],
  facts: [],
  icon: []
};

function files(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap(entry =>
    entry.name === '__tests__'
      ? []
      : entry.isDirectory()
        ? files(join(folder, entry.name))
        : [join(folder, entry.name)]
  );
}

function partOf(path: string): string {
  return relative(SOURCE, path)
    .split('/')[0]
    .replace(/\.tsx?$/, '');
}

function importsOf(path: string): string[] {
  const text = readFileSync(path, 'utf8');
  return [...text.matchAll(/(?:from|import\() ?'([^']+)'/g)].map(
    match => match[1]
  );
}

describe('import directions', () => {
  const all = files(SOURCE);

  it('finds the sources', () => {
    expect(all.length).toBeGreaterThan(25);
  });

  it('go one way', () => {
    const wrong = all.flatMap(path =>
      importsOf(path)
        .filter(name => name.startsWith('.'))
        .map(name => [partOf(path), partOf(join(path, '..', name))])
        .filter(
          ([from, to]) => from !== to && !(BELOW[from] ?? []).includes(to)
        )
        .map(([from, to]) => `${relative(SOURCE, path)}: ${from} -> ${to}`)
    );
    expect(wrong).toEqual([]);
  });

  it('load the panel only on demand', () => {
    const early = all
      .filter(path => ['index', 'plugins', 'commands'].includes(partOf(path)))
      .flatMap(path =>
        [...readFileSync(path, 'utf8').matchAll(/from '([^']+)'/g)].map(
          match => match[1]
        )
      )
      .filter(name => /\/(panel|review)\//.test(name) || name === 'react');
    expect(early).toEqual(['../panel/shell']);
  });

  it('leave HTTP to one file', () => {
    const talking = all
      .filter(path =>
        /ServerConnection\.makeRequest|fetch\(|XMLHttpRequest/.test(
          readFileSync(path, 'utf8')
        )
      )
      .map(path => relative(SOURCE, path));
    expect(talking).toEqual(['restapi.ts']);
  });

  it('keep components free of state and services', () => {
    const names = all
      .filter(path => ['components', 'sections'].includes(partOf(path)))
      .flatMap(importsOf)
      .filter(name => !name.startsWith('.'));
    expect([...new Set(names)].sort()).toEqual([
      '@jupyterlab/translation',
      '@jupyterlab/ui-components',
      'react'
    ]);
  });

  it('keep files short', () => {
    const long = all
      .map(path => [readFileSync(path, 'utf8').split('\n').length, path])
      .filter(([lines]) => Number(lines) > 300);
    expect(long).toEqual([]);
  });
});
