// What jsdom lacks and JupyterLab's packages want at import.
const { TextDecoder, TextEncoder } = require('util');
const { webcrypto } = require('crypto');

Object.assign(globalThis, { TextDecoder, TextEncoder });
globalThis.DragEvent ??= class DragEvent extends Event {};
globalThis.ResizeObserver ??= class ResizeObserver {
  observe() {}
  unobserve() {}
  disconnect() {}
};
globalThis.IS_REACT_ACT_ENVIRONMENT = true;
if (!globalThis.crypto?.subtle) {
  Object.defineProperty(globalThis, 'crypto', { value: webcrypto });
}
window.matchMedia ??= () => ({
  matches: false,
  addEventListener() {},
  removeEventListener() {}
});
// No test reaches a server: those that need an answer bring their own.
globalThis.fetch ??= () => Promise.reject(new Error('Tests send no requests.'));
globalThis.Request ??= class Request {};
globalThis.Headers ??= class Headers extends Map {};
// jsdom draws nothing; axe asks for a canvas to tell icons from words.
HTMLCanvasElement.prototype.getContext = () => null;
