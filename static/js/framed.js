// Tells the page around, as <porthole-panel> is one, that something of Porthole's has come. It tells nothing of what.
if (parent !== window) parent.postMessage('porthole:panel', '*');
