// What a browser gives a script: the globals of a page, for SDKs that look for them.

import { JSDOM, VirtualConsole } from 'jsdom';

const GLOBALS = ['window', 'document', 'location', 'navigator', 'localStorage', 'XMLHttpRequest'];

export const ORIGIN = 'https://shop.example';

/** Before the SDK is loaded. */
export function openPage() {
  // A console of its own: every request that is refused would be written to ours.
  const { window } = new JSDOM('', { url: `${ORIGIN}/cart`, virtualConsole: new VirtualConsole() });
  for (const name of GLOBALS) {
    Object.defineProperty(globalThis, name, { value: window[name], configurable: true, writable: true });
  }
  return window;
}

/** `fetch` of the page: across origins it does what the server lets pages do, and fails otherwise. */
export const fetchOf = (window) => (url, { method = 'GET', headers = {}, body } = {}) =>
  new Promise((resolve, reject) => {
    const request = new window.XMLHttpRequest();
    request.open(method, url);
    for (const [name, value] of Object.entries(headers)) request.setRequestHeader(name, value);
    request.onerror = () => reject(new TypeError(`${url} could not be fetched`));
    request.onload = () => {
      const type = request.getResponseHeader('Content-Type');
      resolve(new Response(request.responseText, { status: request.status, headers: { 'Content-Type': type } }));
    };
    request.send(body);
  });
