import Reveal from './node_modules/reveal.js/dist/reveal.mjs';
import Notes from './node_modules/reveal.js/dist/plugin/notes.mjs';

Reveal.initialize({ hash: true, width: 1060, height: 680, margin: 0.03, plugins: [Notes] });
