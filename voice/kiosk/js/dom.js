// Small helpers. Text always becomes a text node, never HTML.

export const byId = (id) => document.getElementById(id);

/** An element with properties, attributes (in `attributes`) and children; a string child is text. */
export function make(tag, { attributes = {}, ...properties } = {}, ...children) {
  const element = Object.assign(document.createElement(tag), properties);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  element.append(...children);
  return element;
}

/** Set an element's text where it differs, so that nothing is announced or laid out again for nothing. */
export function say(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

/** Put the page's own words into everything that names one: data-text, data-label, data-placeholder. */
export function translate(words) {
  for (const element of document.querySelectorAll("[data-text]")) say(element, words[element.dataset.text]);
  for (const element of document.querySelectorAll("[data-label]")) {
    element.setAttribute("aria-label", words[element.dataset.label]);
    if (element instanceof HTMLButtonElement) element.title = words[element.dataset.label];
  }
  for (const element of document.querySelectorAll("[data-placeholder]")) {
    element.placeholder = words[element.dataset.placeholder];
  }
}
