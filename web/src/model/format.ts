const mib = 1024 * 1024;

export function cores(value: number | null | undefined): string {
  return value == null ? '–' : value.toFixed(2);
}

/** Whole MiB; one decimal below ten. */
export function mebibytes(bytes: number | null | undefined): string {
  if (bytes == null) return '–';
  const value = bytes / mib;
  return value < 9.95 ? value.toFixed(1) : value.toFixed(0);
}

/** MiB per second from bytes per second. */
export function rate(bytesPerSecond: number | null | undefined): string {
  if (bytesPerSecond == null) return '–';
  const value = bytesPerSecond / mib;
  return value < 99.95 ? value.toFixed(1) : value.toFixed(0);
}

/** A size with its unit: 15.6 GiB. */
export function size(bytes: number): string {
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB'];
  let value = bytes;
  let unit = 0;
  while (value >= 1024 && unit < units.length - 1) {
    value /= 1024;
    unit += 1;
  }
  return `${value < 9.95 && unit > 0 ? value.toFixed(1) : value < 99.95 && unit > 2 ? value.toFixed(1) : Math.round(value)} ${units[unit]}`;
}

export function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(1)} s`;
}

export function plural(count: number, one: string, more = `${one}s`): string {
  return `${count} ${count === 1 ? one : more}`;
}

/** A moment of the reader's day, to the second. */
export function clock(at: number): string {
  const date = new Date(at);
  return [date.getHours(), date.getMinutes(), date.getSeconds()].map((value) => String(value).padStart(2, '0')).join(':');
}

/** A moment of the reader's day, to the millisecond. */
export function moment(at: number): string {
  return `${clock(at)}.${String(new Date(at).getMilliseconds()).padStart(3, '0')}`;
}
