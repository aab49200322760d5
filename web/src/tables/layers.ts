import { html, nothing, type TemplateResult } from 'lit';
import type { Container, Image, ImageLayer, LayerEntry } from '../wire';
import { plural, size } from '../model/format';
import { store } from '../page';
import { css } from '../parts/part';
import type { Watched } from '../graphs/observe';
import { hostPath, nameOf, unknown, unread } from './pieces';

const signs: Record<string, [sign: string, word: string]> = { added: ['+', 'added'], changed: ['~', 'changed: copied up'], removed: ['×', 'removed: a whiteout'] };

/** The image's layers as one stack, and on it the thin writable layer of each container. */
export function layers(watched: Watched[]): TemplateResult {
  const groups = new Map<string, Watched[]>();
  const digest = (one: Watched): string | undefined => one.container?.layers?.lowerDigest;
  const first = watched.map(digest).find(Boolean) ?? '';
  for (const one of watched) {
    // The same folders below are the same stack, whatever the image is called; one that is not known yet stands on the first.
    const key = digest(one) ?? first;
    groups.set(key, [...(groups.get(key) ?? []), one]);
  }
  return html`${[...groups.values()].map((group) => stack(group))}`;
}

function stack(group: Watched[]): TemplateResult {
  const container = group.find((one) => one.container)?.container;
  const image = store.topology?.images?.find((one) => one.name === container?.image) ?? kept.get(container?.image ?? '');
  if (image) keepImage(image);
  const lower = container?.layers?.lower ?? [];
  const steps = (image?.layers ?? []).filter((layer) => !layer.empty);
  // Where the engine's list and the kernel's differ in length, nothing says which is which.
  const matched = lower.length === steps.length;
  const list: { layer?: ImageLayer; path?: string; id?: string }[] = lower.length ? lower.map((each, i) => ({ path: each.path, id: each.id, ...(matched ? { layer: steps[steps.length - 1 - i]! } : {}) })) : [...steps].reverse().map((layer) => ({ layer }));
  return html`<div class="stack" ${css({ '--writers': group.length })}>
    <div class="stack-top">${group.map((one) => writable(one, one.container))}</div>
    <div class="stack-image"><p class="stack-word">${group.length > 1 ? `one read-only stack for all ${group.length}` : 'the image, read-only'}${image ? html`, <b>${size(image.bytes)}</b>` : nothing}</p>
      <ol>${list.length ? list.map((each) => html`<li><span class="stack-size">${each.layer ? size(each.layer.bytes) : unknown}</span><span class="stack-made">${each.layer?.createdBy ?? nothing}</span>
        <span class="stack-id" title=${each.path ?? each.layer?.digest ?? nothing}>${each.id ?? each.layer?.digest?.replace('sha256:', '').slice(0, 12)}</span></li>`) : html`<li class="quiet"><span></span><span>no layer read yet</span></li><li></li><li></li>`}</ol></div>
  </div>`;
}

/** An image is told of only while a container of it is there. */
const kept = new Map<string, Image>();

export function keepImage(image: Image): void {
  kept.set(image.name, image);
}

function writable(one: Watched, container: Container | undefined): TemplateResult {
  const found = container?.layers;
  return html`<section class="writable ${container ? '' : 'ghost'}" aria-label=${`Writable layer of container ${one.n}`}>
    <h3>${nameOf(one)}<span class="stack-size">${found?.upperBytes === undefined ? nothing : size(found.upperBytes)}</span></h3>
    ${found?.reason ? html`<p class="quiet">${found.reason}</p>` : nothing}
    ${!found ? html`<p class="quiet">${unread(container)}</p>` : found.entries?.length ? html`<ul>${found.entries.slice(0, mostEntries).map((entry) => item(entry))}</ul>${more(found.upperEntries ?? found.entries.length, found.truncated)}` : found.upperEntries === 0 ? html`<p class="quiet">empty: nothing differs from the image</p>` : nothing}
    ${found?.upper ? html`<p class="quiet">${hostPath(found.upper)}</p>` : nothing}</section>`;
}

const mostEntries = 6;

function item(entry: LayerEntry): TemplateResult {
  const [sign, word] = signs[entry.kind] ?? ['·', entry.kind];
  return html`<li class=${entry.kind}><span class="sign" aria-hidden="true">${sign}</span><span class="mono">${entry.path}</span><span class="quiet">${word}${entry.bytes === undefined ? nothing : `, ${size(entry.bytes)}`}</span></li>`;
}

function more(count: number, truncated = false): TemplateResult | typeof nothing {
  const rest = count - mostEntries;
  return rest > 0 ? html`<p class="quiet">and ${truncated ? 'more than ' : ''}${plural(rest, 'entry', 'entries')} more</p>` : nothing;
}
