// Texts of somebody who means harm, in the place of every free text that the stream and the API carry.

/** Markup that would run or show, quotes that would end an attribute, a template's holes, a terminal's colours, and letters turned round. */
export const poison = '"\'><img src=x onerror="window.hacked=1"><script>window.hacked=2</script><svg onload="window.hacked=3">${window.hacked=4}{{7*7}}\u001b[31mred\u001b[0m\u202edlrow';

// What the page compares or counts by, and never shows as a sentence.
const structure = new Set(['type', 'state', 'relation', 'verdict', 'expected', 'key', 'lesson', 'run', 'id', 'slug', 'kind', 'source', 'counter', 'cgroupMode', 'panels', 'actions', 'sources', 'unit', 'limit', 'awaits', 'lowerDigest', 'whiteout', 'field', 'stop', 'phase', 'capEff', 'v1Unit', 'v2Unit']);

/** The same value with each free text poisoned; names are poisoned wherever they stand, so that they still match. */
export function poisoned(value, field = '') {
  if (structure.has(field)) return value;
  if (typeof value === 'string') return value + poison;
  if (Array.isArray(value)) return value.map((one) => poisoned(one, typeof one === 'string' ? field : ''));
  if (!value || typeof value !== 'object') return value;
  const named = field === 'containers';
  return Object.fromEntries(Object.entries(value).map(([name, one]) => [named ? name + poison : name, poisoned(one, named ? '' : name)]));
}
