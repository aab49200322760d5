// <porthole-panel name="cpu" lesson="cpu-limit" container="" theme="dark" scale="1">, for any page:
// a panel of the Porthole that this script was loaded from. See docs/panels.md.
const home = new URL('.', import.meta.url);
const parameters = ['lesson', 'container', 'theme', 'scale'];
/** How long a frame that has loaded may take to say that it is a panel, in milliseconds. */
const patience = 4000;
/** How long to wait before Porthole is asked for again, in milliseconds. */
const again = 3000;

class PortholePanel extends HTMLElement {
  static observedAttributes = ['name', ...parameters];

  connectedCallback() {
    const root = this.shadowRoot ?? this.attachShadow({ mode: 'open' });
    if (!this.frame) {
      const sheet = new CSSStyleSheet();
      sheet.replaceSync(':host { display: block; position: relative; aspect-ratio: 16 / 9; } :host([hidden]) { display: none; } iframe { position: absolute; inset: 0; width: 100%; height: 100%; border: 0; color-scheme: normal; } iframe[hidden] { display: none; } p { margin: 0; padding: .5em 0 .5em .75em; border-left: 3px solid; overflow-wrap: break-word; }');
      root.adoptedStyleSheets = [sheet];
      this.words = document.createElement('p');
      this.words.setAttribute('role', 'status');
      this.words.hidden = true;
      this.frame = document.createElement('iframe');
      this.frame.allow = 'local-network-access; loopback-network';
      this.frame.addEventListener('load', () => this.loaded());
      root.append(this.frame, this.words);
    }
    addEventListener('message', this.heard);
    this.show();
  }

  disconnectedCallback() {
    removeEventListener('message', this.heard);
    clearTimeout(this.timer);
  }

  attributeChangedCallback(_name, before, now) {
    if (this.isConnected && this.frame && before !== now) this.show();
  }

  get address() {
    const address = new URL(`embed/${encodeURIComponent(this.getAttribute('name') || 'diagram')}`, home);
    for (const name of parameters) if (this.getAttribute(name)) address.searchParams.set(name, this.getAttribute(name));
    return address.href;
  }

  show() {
    clearTimeout(this.timer);
    this.there = false;
    this.frame.title = `Porthole: ${this.getAttribute('name') || 'diagram'}`;
    this.frame.src = this.address;
  }

  /** A panel, and a page that says what is wrong with its address, tell that they are there. */
  heard = ({ source, data }) => {
    if (source !== this.frame?.contentWindow || data !== 'porthole:panel') return;
    clearTimeout(this.timer);
    this.there = true;
    this.say('');
  };

  /** A frame also loads when the browser has put its own page of an error there. */
  loaded() {
    if (this.there) return;
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.ask(), patience);
  }

  async ask() {
    const answers = await fetch(import.meta.url, { mode: 'no-cors', cache: 'no-store' }).then(() => true, () => false);
    if (this.there || !this.isConnected) return;
    if (answers) this.say(`Porthole answers at ${home.origin}, but its panel did not come: start it with --allow-embed ${location.origin}, or let this page reach the local network.`);
    else this.say(`Porthole does not answer at ${home.origin}: start it, and the panel comes by itself.`);
    this.timer = setTimeout(() => this.show(), again);
  }

  say(words) {
    this.words.textContent = words;
    this.words.hidden = !words;
    this.frame.hidden = Boolean(words);
  }
}

customElements.get('porthole-panel') ?? customElements.define('porthole-panel', PortholePanel);
