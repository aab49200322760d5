import type { Message } from '../wire';
import { Backoff } from './backoff';
import { takeEarly } from './early';
import type { Store } from './store';

/** A page that is hidden this long lets go of its connection. */
const letGoAfterMs = 60_000;

/** After a pause longer than this, what was missed is worth another connection with its history. */
const missedMs = 2_000;

/** One connection to the stream, kept up for as long as the page is seen. */
export class Client {
  private socket: WebSocket | undefined;
  private retry: ReturnType<typeof setTimeout> | undefined;
  private watch: ReturnType<typeof setInterval> | undefined;
  private hiddenTimer: ReturnType<typeof setTimeout> | undefined;
  private nextTryAt = 0;
  private paused = false;
  private pausedAt = 0;
  private readonly backoff: Backoff;

  constructor(private readonly store: Store, private readonly url: string, backoff = new Backoff()) {
    this.backoff = backoff;
  }

  start(): void {
    this.connect();
    this.watch = setInterval(() => this.look(), 250);
    document.addEventListener('visibilitychange', this.onVisibility);
    addEventListener('online', this.onOnline);
  }

  stop(): void {
    clearTimeout(this.retry);
    clearInterval(this.watch);
    clearTimeout(this.hiddenTimer);
    document.removeEventListener('visibilitychange', this.onVisibility);
    removeEventListener('online', this.onOnline);
    this.drop();
  }

  /** Tries at once instead of waiting. */
  tryNow(): void {
    clearTimeout(this.retry);
    this.retry = undefined;
    if (!this.socket) this.connect();
  }

  /** Holds samples back, and lets them through again: after a longer pause, with those that were missed. */
  pause(on: boolean): void {
    if (on === this.paused) return;
    this.paused = on;
    const now = performance.now();
    if (on) {
      this.pausedAt = now;
      this.send('pause');
    } else if (this.socket) {
      this.store.arrivedAt = now;
      if (now - this.pausedAt < missedMs) return this.send('resume');
      this.drop();
      this.connect(true);
    }
  }

  private send(type: 'pause' | 'resume'): void {
    if (this.socket?.readyState === WebSocket.OPEN) this.socket.send(JSON.stringify({ type }));
  }

  /** Quietly, where what is shown stays true meanwhile. */
  private connect(quietly = false): void {
    if (!quietly) this.store.setLink({ state: 'connecting' });
    const early = takeEarly(this.url);
    const socket = early?.socket ?? new WebSocket(this.url);
    this.socket = socket;
    socket.onmessage = ({ data }) => {
      if (this.socket === socket) this.take(data);
    };
    socket.onclose = () => {
      if (this.socket !== socket) return;
      this.socket = undefined;
      this.wait();
    };
    for (const data of early?.messages ?? []) this.take(data);
  }

  private take(data: unknown): void {
    let message: Message;
    try {
      message = JSON.parse(String(data)) as Message;
    } catch {
      return; // One frame that cannot be read harms no other.
    }
    if (message.type === 'hello') {
      this.backoff.reset();
      this.store.arrivedAt = performance.now();
      this.store.link = { state: 'live' };
      if (this.paused) this.send('pause');
    }
    this.store.take(message, performance.now());
  }

  private wait(): void {
    const wait = this.backoff.next();
    this.nextTryAt = performance.now() + wait;
    this.store.setLink({ state: 'lost', nextTryMs: wait });
    this.retry = setTimeout(() => {
      this.retry = undefined;
      this.connect();
    }, wait);
  }

  /** Keeps the words about the connection true as time passes. */
  private look(): void {
    const { store } = this;
    const now = performance.now();
    if (store.link.state === 'lost') {
      const left = Math.max(0, this.nextTryAt - now);
      if (Math.ceil(left / 1000) !== Math.ceil(store.link.nextTryMs / 1000)) store.setLink({ state: 'lost', nextTryMs: left });
      return;
    }
    // A recording may be paused: its silence means nothing.
    if (store.hello?.replay || (store.link.state !== 'live' && store.link.state !== 'stale')) return;
    const silence = now - store.arrivedAt;
    const expected = store.containers.some((container) => container.state === 'running');
    if (this.paused || !expected || silence <= staleAfter(store.hello?.intervalMs ?? 1000)) return;
    if (store.link.state === 'stale' && Math.floor(store.link.sinceMs / 1000) === Math.floor(silence / 1000)) return;
    store.setLink({ state: 'stale', sinceMs: silence });
  }

  private readonly onOnline = (): void => this.tryNow();

  private readonly onVisibility = (): void => {
    clearTimeout(this.hiddenTimer);
    if (document.hidden) {
      // The history that comes on connecting again fills the gap.
      this.hiddenTimer = setTimeout(() => {
        clearTimeout(this.retry);
        this.drop();
      }, letGoAfterMs);
      return;
    }
    if (!this.socket) this.tryNow();
    this.store.tell('change');
    this.store.tell('sample');
  };

  private drop(): void {
    const socket = this.socket;
    this.socket = undefined;
    socket?.close(1000);
  }
}

/** Silence longer than this, in milliseconds, means that the figures are stale. */
export function staleAfter(intervalMs: number): number {
  return 3 * intervalMs + 1000;
}

/** The stream's address for a page's base path. */
export function streamURL(base: string, place: Location = location): string {
  return `${place.protocol === 'https:' ? 'wss:' : 'ws:'}//${place.host}${base}/api/v1/stream`;
}
