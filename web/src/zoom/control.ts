import type { ReactiveController, ReactiveControllerHost } from 'lit';
import { page } from '../page';
import { placeOf, type Place } from './place';
import { kept } from './pieces';
import { glide, outlines, type Outlines } from './outline';

/** Whether the boxes of this page's drawing open: those of a panel on a slide do not. */
export function opens(): boolean {
  return page.kind === 'architecture' || page.kind === 'lesson';
}

/** Opens and closes the boxes of a drawing, as the page's address says. */
export class Zoom implements ReactiveController {
  place: Place | undefined;
  private depth = 0;
  private before: Outlines | undefined;
  private opener = '';

  constructor(private readonly host: ReactiveControllerHost & HTMLElement) {
    host.addController(this);
  }

  hostConnected(): void {
    if (!opens()) return;
    this.place = placeOf(location.hash);
    this.opener = this.place ? location.hash : '';
    this.depth = depthNow() ?? 0;
    addEventListener('hashchange', this.onAddress);
    document.addEventListener('keydown', this.onKey);
    this.host.addEventListener('click', this.onClick);
  }

  hostDisconnected(): void {
    removeEventListener('hashchange', this.onAddress);
    document.removeEventListener('keydown', this.onKey);
    this.host.removeEventListener('click', this.onClick);
  }

  /** Back to the whole drawing: by the browser's own way where we came on it. */
  readonly close = (): void => {
    if (this.depth > 0) return history.go(-this.depth);
    history.replaceState(null, '', location.pathname + location.search);
    this.onAddress();
  };

  /** Called when the drawing is on the page again, with all its parts. */
  settle(drawing: HTMLElement): void {
    const { before } = this;
    if (!before) return;
    this.before = undefined;
    glide(drawing, before);
    const { place } = this;
    const goal = place ? drawing.querySelector<HTMLElement>('.zoomed') : openerIn(drawing, this.opener);
    goal?.focus({ preventScroll: true });
    if (place) this.opener = location.hash;
    const top = drawing.getBoundingClientRect().top;
    if (place ? top < 0 || top > innerHeight / 2 : goal && !onScreen(goal)) (place ? drawing : goal)?.scrollIntoView({ block: place ? 'start' : 'center', behavior: 'instant' });
  }

  private readonly onAddress = (): void => {
    const place = placeOf(location.hash);
    if (place && depthNow() === undefined) history.replaceState({ zoom: this.depth + 1 }, '');
    this.depth = place ? (depthNow() ?? 0) : 0;
    if (!place && !this.place) return;
    const drawing = this.host.querySelector<HTMLElement>('.drawing');
    if (drawing) this.before = outlines(drawing);
    this.place = place;
    if (!place) kept.clear();
    this.host.requestUpdate();
  };

  private readonly onKey = (event: KeyboardEvent): void => {
    if (!this.place || event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key !== 'Escape' && event.key !== 'Backspace') return;
    // What lies over the box is closed first, and a letter is taken back first.
    if (event.key === 'Escape' ? document.querySelector('.plate') : (event.target as Element).closest('input:not([type="radio"], [type="range"]), textarea')) return;
    event.preventDefault();
    this.close();
  };

  /** A click on a box's own ground; what stands in it has its own use. */
  private readonly onClick = (event: MouseEvent): void => {
    const target = event.target as Element;
    const box = target.closest<HTMLElement>('[data-zoom]');
    if (!box || box.classList.contains('zoomed') || target.closest('a, button, code, pre, table') || getSelection()?.type === 'Range') return;
    location.hash = box.dataset['zoom']!;
  };
}

function depthNow(): number | undefined {
  return (history.state as { zoom?: number } | null)?.zoom;
}

/** The link that opened a place, or the one of the box around it. */
function openerIn(drawing: HTMLElement, address: string): HTMLElement | null {
  const links = [...drawing.querySelectorAll<HTMLElement>('a[href^="#"]')];
  for (let parts = address.split('/'); parts.length; parts = parts.slice(0, -1)) {
    const found = links.find((link) => link.getAttribute('href') === parts.join('/'));
    if (found) return found;
  }
  return null;
}

function onScreen(element: HTMLElement): boolean {
  const { top, bottom } = element.getBoundingClientRect();
  return top >= 0 && bottom <= innerHeight;
}
