/* Keeps open pages true, and remembers light or dark. Pages work without it. */
(() => {
  'use strict';
  const root = document.documentElement;
  const script = document.currentScript;
  const dark = window.matchMedia('(prefers-color-scheme: dark)');
  const KEY = 'modelpack-theme';

  const chosen = () => {
    try {
      return window.localStorage.getItem(KEY);
    } catch {
      return null;
    }
  };
  const isDark = () => (root.dataset.theme ? root.dataset.theme === 'dark' : dark.matches);
  const known = chosen();
  if (known === 'dark' || known === 'light') {
    root.dataset.theme = known;
  }

  const wireTheme = () => {
    const button = document.getElementById('theme');
    const name = () => {
      button.textContent = isDark() ? 'Light' : 'Dark';
      button.setAttribute('aria-label', `Show in ${isDark() ? 'light' : 'dark'} colours`);
    };
    button.hidden = false;
    name();
    button.addEventListener('click', () => {
      root.dataset.theme = isDark() ? 'light' : 'dark';
      try {
        window.localStorage.setItem(KEY, root.dataset.theme);
      } catch {
        /* It is for this page only, then. */
      }
      name();
    });
    dark.addEventListener('change', name);
  };

  /* Somebody is writing, or has it open: it is left alone. */
  const inUse = part =>
    part.contains(document.activeElement) ||
    part.querySelector('details[open] form') !== null ||
    [...part.querySelectorAll('textarea')].some(each => each.value !== each.defaultValue);

  const plain = part => part.textContent.replace(/\s+/g, ' ');

  const renew = async () => {
    const answer = await fetch(window.location.href, { credentials: 'same-origin' });
    if (!answer.ok || answer.redirected) {
      return;
    }
    const fresh = new DOMParser().parseFromString(await answer.text(), 'text/html');
    let changed = false;
    for (const part of document.querySelectorAll('[data-live]')) {
      const other = fresh.getElementById(part.id);
      if (!other || part.innerHTML === other.innerHTML) {
        continue;
      }
      if (inUse(part)) {
        part.dataset.stale = 'yes';
        changed = true;
        continue;
      }
      changed = changed || plain(part) !== plain(other);
      part.replaceWith(document.adoptNode(other));
    }
    document.title = fresh.title;
    if (changed) {
      document.getElementById('told').textContent = 'The page has changed.';
    }
  };

  let seen = null;
  const look = async () => {
    if (document.visibilityState !== 'hidden') {
      try {
        const answer = await fetch(script.dataset.state, { credentials: 'same-origin' });
        if (answer.ok) {
          const { state } = await answer.json();
          if (seen !== null && state !== seen) {
            await renew();
          }
          seen = state;
        }
      } catch {
        /* The next look may find the server again. */
      }
    }
    window.setTimeout(look, 1000);
  };

  document.addEventListener('DOMContentLoaded', () => {
    wireTheme();
    void look();
  });
})();
