import { Client, streamURL } from './stream/client';
import { Store } from './stream/store';

/** What the server's page shell says about itself, on the root element. */
export interface Page {
  kind: 'architecture' | 'lesson' | 'embed' | 'takeaways' | 'present' | 'follow';
  base: string;
  lesson: string;
  panel: string;
  container: string;
  readOnly: boolean;
}

export const store = new Store();

export const page: Page = { kind: 'architecture', base: '', lesson: '', panel: '', container: '', readOnly: false };

let client: Client | undefined;

/** Reads the page's facts and connects. */
export function begin(data: DOMStringMap): void {
  page.kind = (data['page'] as Page['kind'] | undefined) ?? 'architecture';
  page.base = (data['base'] ?? '').replace(/\/$/, '');
  page.lesson = data['lesson'] ?? '';
  page.panel = data['panel'] ?? 'diagram';
  page.container = data['container'] ?? '';
  page.readOnly = page.kind === 'embed' || page.kind === 'follow';
  // The server, too, is to know that this one never controls anything.
  client ??= new Client(store, streamURL(page.base) + (page.kind === 'follow' ? '?follow=1' : page.readOnly ? '?panel=1' : ''));
  client.start();
}

export function tryNow(): void {
  client?.tryNow();
}

/** Holds samples back while nobody looks. */
export function pause(on: boolean): void {
  client?.pause(on);
}

/** Whether this viewer may start and stop lessons. */
export function mayControl(): boolean {
  return !page.readOnly && store.hello?.canControl === true && !store.hello.replay;
}
