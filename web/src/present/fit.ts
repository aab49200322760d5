/** The sizes of type that a stop may take, in pixels of a sheet 1080 high; none is below what can be read from the last row. */
const sizes = [44, 40, 36, 33, 30, 28, 26];

/** Gives what is read on a stop the largest type with which all of it has room. */
export function fit(stage: HTMLElement): void {
  const words = stage.querySelector<HTMLElement>(':scope > :is(.ask, .outcome, .five, porthole-table)');
  if (!words || innerWidth <= 720) return;
  for (const size of sizes) {
    words.style.setProperty('--read', `${size}px`);
    words.classList.toggle('tight', size === sizes.at(-1));
    const wide = [...words.querySelectorAll('.table-scroll, .sides :is(.in, .out, .last):not(.line)')].some((one) => one.scrollWidth > one.clientWidth + 1);
    const long = words.scrollHeight > words.clientHeight + 1;
    words.classList.toggle('longer', long);
    if (!wide && !long) return;
  }
}
