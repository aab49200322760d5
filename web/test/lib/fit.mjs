// What a drawing must never do, looked for in the page itself: texts on one another, texts cut without a word, lines that end nowhere.

/** Runs in the page. Texts that lie on one another, and texts that are cut and say nowhere what they are. */
export function collisions(page, within = '.drawing') {
  return page.evaluate((root) => {
    const found = [];
    const texts = [];
    /** The part of a rectangle that its ancestors let through. */
    const shown = (element, rect) => {
      let { left, top, right, bottom } = rect;
      for (let one = element; one && one !== document.documentElement; one = one.parentElement) {
        const style = getComputedStyle(one);
        if (style.overflowX === 'visible' && style.overflowY === 'visible') continue;
        const box = one.getBoundingClientRect();
        if (style.overflowX !== 'visible') [left, right] = [Math.max(left, box.left), Math.min(right, box.right)];
        if (style.overflowY !== 'visible') [top, bottom] = [Math.max(top, box.top), Math.min(bottom, box.bottom)];
      }
      return { left, top, right, bottom };
    };
    /** Whether somebody can still come to the whole text. */
    const told = (element) => element.closest('[title]') || [...ancestors(element)].some((one) => ['auto', 'scroll'].includes(getComputedStyle(one).overflowX) || ['auto', 'scroll'].includes(getComputedStyle(one).overflowY));
    function* ancestors(element) { for (let one = element; one && one !== document.body; one = one.parentElement) yield one; }
    for (const place of document.querySelectorAll(root)) {
      const walker = document.createTreeWalker(place, NodeFilter.SHOW_TEXT);
      while (walker.nextNode()) {
        const node = walker.currentNode;
        const element = node.parentElement;
        const word = node.data.trim();
        if (!word || element.closest('.unseen, script, style, template') || !element.checkVisibility({ visibilityProperty: true, opacityProperty: true }) || Number.parseFloat(getComputedStyle(element).fontSize) === 0) continue;
        const range = document.createRange();
        range.selectNodeContents(node);
        for (const rect of range.getClientRects()) {
          if (rect.width < 1 || rect.height < 1) continue;
          const part = shown(element, rect);
          const cut = part.left - rect.left > 1.5 || rect.right - part.right > 1.5 || part.bottom - part.top < rect.height * 0.5;
          if (cut && !told(element)) found.push(`cut: "${word.slice(0, 40)}" in ${element.className || element.tagName}`);
          // A line's box is taller than its letters.
          const slack = (rect.height - Number.parseFloat(getComputedStyle(element).fontSize)) / 2;
          if (part.right - part.left > 1 && part.bottom - part.top > 1) texts.push({ node, word, rect: { left: part.left, right: part.right, top: part.top + Math.max(0, slack), bottom: part.bottom - Math.max(0, slack) } });
        }
      }
    }
    texts.sort((a, b) => a.rect.top - b.rect.top);
    texts.forEach((a, i) => {
      for (let j = i + 1; j < texts.length && texts[j].rect.top < a.rect.bottom - 1; j += 1) {
        const b = texts[j];
        if (a.node === b.node) continue;
        const width = Math.min(a.rect.right, b.rect.right) - Math.max(a.rect.left, b.rect.left);
        const height = Math.min(a.rect.bottom, b.rect.bottom) - Math.max(a.rect.top, b.rect.top);
        if (width > 1.5 && height > 2) found.push(`on one another: "${a.word.slice(0, 30)}" and "${b.word.slice(0, 30)}"`);
      }
    });
    return [...new Set(found)].slice(0, 12);
  }, within);
}

/** Runs in the page. Numbers of namespaces that reach over their cell's border or its hatch. */
export function outOfCell(page) {
  return page.evaluate(() => {
    const found = [];
    for (const cell of document.querySelectorAll('.matrix .cell:not(.unknown, .empty)')) {
      const hatch = cell.querySelector('.swatch').getBoundingClientRect();
      const right = cell.getBoundingClientRect().right;
      for (const part of cell.querySelectorAll('b, .beginning')) {
        const range = document.createRange();
        range.selectNodeContents(part);
        const text = range.getBoundingClientRect();
        if (text.width && (text.left < hatch.right - .5 || text.right > right + .5)) found.push(`${part.textContent} is ${Math.round(text.width)} px wide, between ${Math.round(hatch.right)} and ${Math.round(right)}`);
      }
    }
    return found.slice(0, 3);
  });
}

/** Runs in the page. Ends of connectors that are not on what they connect, and lines that run through a container's box. */
export function looseEnds(page) {
  return page.evaluate(() => {
    const found = [];
    const drawing = document.querySelector('.drawing').getBoundingClientRect();
    const edges = (element) => {
      const box = element.getBoundingClientRect();
      return { left: box.left - drawing.left, right: box.right - drawing.left, top: box.top - drawing.top, bottom: box.bottom - drawing.top };
    };
    const near = (a, b) => Math.abs(a - b) <= 5;
    const on = (x, y, box) => (x > box.left - 5 && x < box.right + 5 && (near(y, box.top) || near(y, box.bottom))) || (y > box.top - 5 && y < box.bottom + 5 && (near(x, box.left) || near(x, box.right)));
    for (const group of document.querySelectorAll('.connectors g[data-column]')) {
      const n = group.dataset.column;
      const boxes = [...document.querySelectorAll(`.cell[data-column="${n}"], .graph[data-column="${n}"], .container[data-box="${n}"]`)].map(edges);
      for (const end of group.querySelectorAll('.end')) {
        const [x, y] = [Number(end.getAttribute('cx')), Number(end.getAttribute('cy'))];
        if (!boxes.some((box) => on(x, y, box))) found.push(`an end of ${n} at ${x}, ${y}`);
      }
    }
    const insides = [...document.querySelectorAll('.container:not(.zoomed)')].map((element) => ({ n: element.dataset.box, ...edges(element) }));
    for (const path of document.querySelectorAll('.connectors path')) {
      for (let at = 0, length = path.getTotalLength(); length && at <= length; at += 5) { // a line that does not cross another has an empty upper half
        const { x, y } = path.getPointAtLength(at);
        const box = insides.find(({ left, right, top, bottom }) => x > left + 6 && x < right - 6 && y > top + 6 && y < bottom - 6);
        if (!box) continue;
        found.push(`a line through container ${box.n} at ${Math.round(x)}, ${Math.round(y)}`);
        break;
      }
    }
    for (const path of document.querySelectorAll('.connectors path')) if (/NaN|Infinity|undefined/.test(path.getAttribute('d'))) found.push(`a line along ${path.getAttribute('d')}`);
    return found;
  });
}
