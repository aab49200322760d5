/** The boxes of the drawing that open. */
export type Box = 'namespaces' | 'cgroups' | 'container';

/** What is opened: a box, and perhaps one thing in it. */
export interface Place {
  box: Box;
  /** A namespace type, a controller, or a container's name; empty for the box itself. */
  name: string;
  /** The container whose files of a controller are shown. */
  more: string;
}

/** The controllers that the drawing knows. */
export const controllers = ['cpu', 'memory', 'pids', 'io'] as const;
export type Controller = (typeof controllers)[number];

/** The place that the address' part after # names; undefined where it names none of ours. */
export function placeOf(hash: string): Place | undefined {
  const [box = '', name = '', more = ''] = hash.replace(/^#/, '').split('/').map(plain);
  return box === 'namespaces' || box === 'cgroups' || box === 'container' ? { box, name, more } : undefined;
}

export function addressOf(...parts: string[]): string {
  return `#${parts.map(encodeURIComponent).join('/')}`;
}

/** Where on the drawing a number is at home; empty where nowhere. */
export function homeOf(container: string, field: string): string {
  if (field.startsWith('namespace.')) return addressOf('namespaces', field.slice(10));
  if (container === 'host') return '';
  const controller = /^oom/.test(field) ? 'memory' : controllers.find((one) => field.startsWith(one) && field !== 'pid');
  return controller ? addressOf('cgroups', controller, container) : addressOf('container', container);
}

function plain(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part; // A stray % in an address is not worth an error.
  }
}
