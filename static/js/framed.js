// In a frame, the ground is the slide's; and the page around, as <porthole-panel> is one, is told that something of
// Porthole's has come. It is not told what.
if (parent !== window) {
  document.documentElement.classList.add('framed');
  parent.postMessage('porthole:panel', '*');
}
