/** What the reader chose; "auto" follows the system. */
export type Theme = 'light' | 'dark' | 'auto';

const key = 'porthole.theme';
const system = matchMedia('(prefers-color-scheme: light)');

export function chosenTheme(): Theme {
  try {
    const kept = localStorage.getItem(key);
    return kept === 'light' || kept === 'dark' ? kept : 'auto';
  } catch {
    return 'auto'; // Storage may be forbidden, in a frame for example.
  }
}

/** Applies a theme, tells the canvases, and remembers it where asked to. */
export function applyTheme(theme: Theme, remember = false): void {
  if (remember) {
    try {
      if (theme === 'auto') localStorage.removeItem(key);
      else localStorage.setItem(key, theme);
    } catch {
      // The choice then lasts as long as the page.
    }
  }
  wanted = theme;
  const shown = theme === 'auto' ? (system.matches ? 'light' : 'dark') : theme;
  // Colours change at once: only what the kernel changes may take its time.
  document.documentElement.classList.add('changing-theme');
  document.documentElement.dataset['theme'] = shown;
  requestAnimationFrame(() => requestAnimationFrame(() => document.documentElement.classList.remove('changing-theme')));
  dispatchEvent(new Event('porthole-theme'));
}

/** The theme in force: the reader's, or the one the page's address asks for. */
export function wantedTheme(): Theme {
  return wanted;
}

let wanted: Theme = 'auto';
system.addEventListener('change', () => {
  if (wanted === 'auto') applyTheme('auto');
});
