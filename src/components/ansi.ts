/** Terminal text as styled pieces: colours are kept, everything else that a terminal obeys is dropped. */

export interface IAnsiPiece {
  text: string;
  className: string;
}

const COLOURS = [
  'black',
  'red',
  'green',
  'yellow',
  'blue',
  'magenta',
  'cyan',
  'white'
];

// Escape sequences: CSI, OSC and other strings, two-character ones (ECMA-48, 5.3 to 5.6).
const ESCAPE =
  // eslint-disable-next-line no-control-regex -- control characters are what this is about
  /\u001b\[([0-?]*)[ -/]*([@-~])|\u001b[\]PX^_][^\u0007\u001b]*(?:\u0007|\u001b\\)?|\u001b[ -~]?/g;

// eslint-disable-next-line no-control-regex -- control characters are what this is about
const CONTROL = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/g;

interface IStyle {
  colour: string;
  bold: boolean;
}

/** Split terminal output; a carriage return starts its line again, as on a terminal. */
export function ansiPieces(output: string): IAnsiPiece[] {
  const text = output.split('\n').map(lastWriting).join('\n');
  const pieces: IAnsiPiece[] = [];
  let style: IStyle = { colour: '', bold: false };
  let end = 0;
  const add = (piece: string): void => {
    const clean = piece.replace(CONTROL, '');
    if (clean) {
      pieces.push({ text: clean, className: classOf(style) });
    }
  };
  for (const match of text.matchAll(ESCAPE)) {
    add(text.slice(end, match.index));
    end = (match.index ?? 0) + match[0].length;
    if (match[2] === 'm') {
      style = restyle(style, match[1]);
    }
  }
  add(text.slice(end));
  return pieces;
}

/** What stays of a line that was written over again and again. */
function lastWriting(line: string): string {
  const written = line.replace(/\r{1,8}$/, '');
  return written.slice(written.lastIndexOf('\r') + 1);
}

function classOf({ colour, bold }: IStyle): string {
  return [colour && `jp-ModelpackPanel-ansi-${colour}`, bold && 'jp-mod-bold']
    .filter(Boolean)
    .join(' ');
}

/** Apply "select graphic rendition" codes; 256-colour and direct colours are read over. */
function restyle(style: IStyle, codes: string): IStyle {
  let { colour, bold } = style;
  const numbers = codes.split(/[;:]/).map(code => Number(code || 0));
  for (let index = 0; index < numbers.length; index += 1) {
    const code = numbers[index];
    if (code === 0) {
      colour = '';
      bold = false;
    } else if (code === 1) {
      bold = true;
    } else if (code === 22) {
      bold = false;
    } else if (code >= 30 && code <= 37) {
      colour = COLOURS[code - 30];
    } else if (code >= 90 && code <= 97) {
      colour = COLOURS[code - 90];
    } else if (code === 39) {
      colour = '';
    } else if (code === 38 || code === 48) {
      index += numbers[index + 1] === 5 ? 2 : 4;
    }
  }
  return { colour, bold };
}
