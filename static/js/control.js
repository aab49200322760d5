// The one-time link is /control#TOKEN. What follows # never leaves the browser
// by itself, and is taken out of the history before anything else happens.
const token = decodeURIComponent(location.hash.slice(1));
if (token) {
  history.replaceState(null, '', location.pathname);
  // Whoever has control already has no form, and leaves the link to another.
  const form = document.querySelector('form');
  if (form) {
    form.elements.namedItem('token').value = token;
    form.requestSubmit();
  }
}
