// Small helpers. Text always becomes a text node, never HTML.

export const byId = (id) => document.getElementById(id);

/** An element with properties and children; a string child is text. */
export function make(tag, properties = {}, ...children) {
  const element = Object.assign(document.createElement(tag), properties);
  element.append(...children);
  return element;
}

/** Set an element's text where it differs, so that nothing is announced or laid out again for nothing. */
export function say(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

/** Put the page's own words into everything that names one: data-text, data-label, data-placeholder. */
export function translate(words) {
  const each = (name, put) => document.querySelectorAll(`[data-${name}]`).forEach((element) => put(element, words[element.dataset[name]]));
  each("text", say);
  each("placeholder", (element, text) => Object.assign(element, { placeholder: text }));
  each("label", (element, text) => {
    element.ariaLabel = text;
    if (element instanceof HTMLButtonElement) element.title = text;
  });
}
