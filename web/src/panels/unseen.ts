import { pause } from '../page';

/**
 * Holds a panel's samples back while nobody sees it: its tab is hidden, its
 * frame is scrolled or faded out of the window, or the deck around it has said
 * so (reveal.js posts "slide:stop" and "slide:start" to its frames).
 * Returns what ends the watch.
 */
export function pauseUnseen(panel: Element): () => void {
  const why = { hidden: document.hidden, outside: false, stopped: false };
  const tell = (): void => pause(why.hidden || why.outside || why.stopped);
  const onVisibility = (): void => {
    why.hidden = document.hidden;
    tell();
  };
  const onMessage = ({ source, data }: MessageEvent): void => {
    // Only the page around has a say.
    if (source !== parent || (data !== 'slide:stop' && data !== 'slide:start')) return;
    why.stopped = data === 'slide:stop';
    tell();
  };
  // Without a root it is the window's own view that counts, around all frames.
  const seen = new IntersectionObserver((entries) => {
    why.outside = !entries.at(-1)!.isIntersecting;
    tell();
  });
  seen.observe(panel);
  document.addEventListener('visibilitychange', onVisibility);
  addEventListener('message', onMessage);
  return () => {
    seen.disconnect();
    document.removeEventListener('visibilitychange', onVisibility);
    removeEventListener('message', onMessage);
  };
}
