/** The colours and hatches that canvases draw with, taken from the sheet's tokens. */
export interface Ink {
  ink: string;
  line: string;
  hair: string;
  paper: string;
  accent: string;
  area: string;
  note: string;
  traceWidth: number;
  limitWidth: number;
  fontSize: number;
  mono: string;
  throttled: CanvasPattern | string;
  file: CanvasPattern | string;
  kernel: CanvasPattern | string;
}

/** Reads the tokens as they are at an element. Called once per theme and size. */
export function inkAt(element: Element): Ink {
  const style = getComputedStyle(element);
  const token = (name: string): string => style.getPropertyValue(name).trim();
  const ink = token('--ink');
  const quiet = token('--ink-2');
  const accent = token('--accent');
  return {
    ink,
    line: token('--line'),
    hair: token('--hair'),
    paper: token('--paper'),
    accent,
    area: mix(ink, Number.parseFloat(token('--trace-fill')) / 100),
    note: quiet,
    traceWidth: Number.parseFloat(token('--lw-trace')),
    limitWidth: Number.parseFloat(token('--lw-limit')),
    fontSize: Number.parseFloat(style.fontSize) * (Number.parseFloat(token('--fs-graph')) || 0.8125),
    mono: token('--font-mono'),
    throttled: hatch(8.5, (context, size) => {
      context.fillStyle = mix(accent, 0.12);
      context.fillRect(0, 0, size, size);
      slash(context, size, accent, size * 0.22, 1);
    }),
    file: hatch(5, (context, size) => {
      context.fillStyle = mix(ink, 0.06);
      context.fillRect(0, 0, size, size);
      slash(context, size, quiet, size * 0.26, -1);
    }),
    kernel: hatch(4, (context, size) => {
      context.fillStyle = quiet;
      context.beginPath();
      context.arc(size / 2, size / 2, size * 0.25, 0, 7);
      context.fill();
    }),
  };
}

/** A colour, let through by a share. Tokens are #rrggbb. */
function mix(colour: string, share: number): string {
  const part = (at: number): number => Number.parseInt(colour.slice(at, at + 2), 16);
  return `rgba(${part(1)}, ${part(3)}, ${part(5)}, ${share})`;
}

/** A tile, in the device's own pixels so that it is sharp. */
function hatch(cssSize: number, draw: (context: CanvasRenderingContext2D, size: number) => void): CanvasPattern | string {
  const size = Math.max(4, Math.round(cssSize * Math.SQRT2 * devicePixelRatio * 0.8));
  const tile = document.createElement('canvas');
  tile.width = size;
  tile.height = size;
  const context = tile.getContext('2d')!;
  draw(context, size);
  return context.createPattern(tile, 'repeat') ?? '#888';
}

/** A diagonal across the tile, drawn thrice so that its edges meet those of the next tile. */
function slash(context: CanvasRenderingContext2D, size: number, colour: string, width: number, direction: 1 | -1): void {
  context.strokeStyle = colour;
  context.lineWidth = width;
  context.beginPath();
  for (const shift of [-size, 0, size]) {
    context.moveTo(shift - size * 0.5, direction > 0 ? size * 1.5 : -size * 0.5);
    context.lineTo(shift + size * 1.5, direction > 0 ? -size * 0.5 : size * 1.5);
  }
  context.stroke();
}
