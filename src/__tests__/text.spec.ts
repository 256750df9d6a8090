import { nullTranslator } from '@jupyterlab/translation';

import { ansiPieces } from '../components/ansi';
import {
  formatNumber,
  formatSeconds,
  formatSize,
  formatWhen,
  shortDigest
} from '../components/format';
import { fromText, toText } from '../sections/values';

const trans = nullTranslator.load('jupyter_modelpack');

describe('ansiPieces', () => {
  const ESC = '\u001b';

  it('keeps colours', () => {
    expect(ansiPieces(`a${ESC}[1;31mb${ESC}[0mc${ESC}[92md`)).toEqual([
      { text: 'a', className: '' },
      { text: 'b', className: 'jp-ModelpackPanel-ansi-red jp-mod-bold' },
      { text: 'c', className: '' },
      { text: 'd', className: 'jp-ModelpackPanel-ansi-green' }
    ]);
  });

  it.each([
    [`${ESC}]0;title\u0007x`, 'x'],
    [`${ESC}]8;;http://evil${ESC}\\link${ESC}]8;;${ESC}\\`, 'link'],
    [`${ESC}[2J${ESC}[Hx${ESC}[?25l`, 'x'],
    ['\u0000\u0008\u009bx', 'x'],
    [`${ESC}[38;5;200mx${ESC}[48;2;1;2;3my`, 'xy'],
    [`x${ESC}`, 'x'],
    ['10%\r20%\r30%\nend\r\n', '30%\nend\n'],
    ['<img src=x onerror=alert(1)>', '<img src=x onerror=alert(1)>']
  ])('drops what a terminal would obey: %j', (output, text) => {
    expect(
      ansiPieces(output)
        .map(piece => piece.text)
        .join('')
    ).toBe(text);
  });

  it('reads a long log in no time', () => {
    const start = Date.now();
    ansiPieces(`${ESC}[31mline${ESC}[0m \r`.repeat(20_000));
    ansiPieces(`${ESC}]`.repeat(100_000));
    expect(Date.now() - start).toBeLessThan(1000);
  });
});

describe('numbers', () => {
  it.each([
    [0, '0 B'],
    [18_400, '18 kB'],
    [4_900, '4.9 kB'],
    [999_600, '1 MB'],
    [347_200_000, '347 MB'],
    [2_100_000_000, '2.1 GB']
  ])('writes %d bytes', (bytes, text) => {
    expect(formatSize(bytes)).toBe(text);
  });

  it.each([
    [0.04, '0.0 s'],
    [4.94, '4.9 s'],
    [12.2, '12 s'],
    [125, '2 min 5 s'],
    [3840, '1 h 4 min']
  ])('writes %d seconds', (seconds, text) => {
    expect(formatSeconds(seconds, trans)).toBe(text);
  });

  it('writes metrics, digests and times', () => {
    expect(formatNumber(0.8812)).toBe('0.881');
    expect(formatNumber(1e-7)).toBe('1.00e-7');
    expect(shortDigest(`sha256:9f2c7d${'0'.repeat(54)}41ab`)).toBe(
      'sha256:9f2c7d…41ab'
    );
    const now = new Date(2026, 10, 23, 15, 0);
    expect(formatWhen(new Date(2026, 10, 23, 14, 2).toISOString(), now)).toBe(
      '14:02'
    );
    expect(formatWhen(new Date(2026, 10, 20, 9, 40).toISOString(), now)).toBe(
      'Fri 09:40'
    );
    expect(formatWhen('never', now)).toBe('never');
  });
});

describe('parameter values', () => {
  it.each([
    [400, 'int'],
    [0.42, 'float'],
    [false, 'bool'],
    ['retail', 'str'],
    [['age', 1], 'list'],
    [{ a: [1] }, 'dict']
  ])('go to text and back: %j', (value, type) => {
    expect(fromText(toText(value, type), type, trans)).toEqual({ value });
  });

  it.each([
    ['4.5', 'int'],
    ['', 'float'],
    ['NaN', 'float'],
    ['{}', 'list'],
    ['[1', 'list'],
    ['null', 'dict']
  ])('are refused when they are none: %j as %s', (text, type) => {
    expect(fromText(text, type, trans)).toHaveProperty('error');
  });
});
