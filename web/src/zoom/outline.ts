/** Where each box of a drawing stands, in the drawing's own pixels. */
export type Outlines = Map<string, DOMRect>;

export function outlines(drawing: HTMLElement): Outlines {
  const origin = drawing.getBoundingClientRect();
  const found: Outlines = new Map();
  for (const box of drawing.querySelectorAll<HTMLElement>('.kernel, .namespaces, .resources, .container')) {
    const { left, top, width, height } = box.getBoundingClientRect();
    found.set(box.dataset['box'] ?? box.classList[1]!, new DOMRect(left - origin.left, top - origin.top, width, height));
  }
  return found;
}

/** A duration from the tokens, in milliseconds; the bundler may write 480ms as .48s. */
export function lasting(element: Element, token: string): number {
  const value = getComputedStyle(element).getPropertyValue(token);
  return Number.parseFloat(value) * (value.endsWith('ms') ? 1 : 1000);
}

/** The outlines go from where they stood to where they stand; what is in them comes after. */
export function glide(drawing: HTMLElement, before: Outlines): void {
  const duration = lasting(drawing, '--zoom');
  if (!duration) return;
  for (const [key, to] of outlines(drawing)) {
    const from = before.get(key);
    if (!from || (Math.abs(from.width - to.width) < 2 && Math.abs(from.height - to.height) < 2 && Math.abs(from.left - to.left) < 2)) continue;
    const line = document.createElement('i');
    line.className = 'outline';
    drawing.append(line);
    const frame = ({ left, top, width, height }: DOMRect): Keyframe => ({ left: `${left}px`, top: `${top}px`, width: `${width}px`, height: `${height}px` });
    line.animate([frame(from), frame(to)], { duration, easing: 'cubic-bezier(.2, .7, .2, 1)' }).finished.finally(() => line.remove());
    const box = drawing.querySelector(/^\d/.test(key) ? `.container[data-box="${key}"]` : `.${key}`);
    // The frame around all stays: only what it holds comes anew.
    if (key !== 'kernel') box?.animate([{ opacity: 0 }, { opacity: 0, offset: 0.5 }, { opacity: 1 }], { duration: duration * 1.4 });
  }
}
