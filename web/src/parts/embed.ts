import { Part } from './part';
class Embed extends Part {}
customElements.define('porthole-embed', Embed);
