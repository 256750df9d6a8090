/** The addresses of pages that a server makes: the release service's own, else this server's. */

import { PageConfig, URLExt } from '@jupyterlab/coreutils';

import { IService } from './tokens';

/** Whether releases are kept at a team's service, as the server wrote it into JupyterLab's page. */
export function isInTeam(): boolean {
  return PageConfig.getOption('modelpackTeam') === 'true';
}

/** A page by its parts; only addresses of the web are ever opened. */
export function pageOf(
  service: IService | null,
  baseUrl: string,
  ...parts: string[]
): string {
  const tail = parts.map(encodeURIComponent);
  if (service && /^https?:\/\//.test(service.pages)) {
    return URLExt.join(service.pages, ...tail);
  }
  return URLExt.join(baseUrl, 'jupyter-modelpack', 'pages', ...tail);
}

/** The page on which a promotion is decided; null where it is decided here. */
export function decisionPage(
  service: IService | null,
  id: string
): string | null {
  return service && pageOf(service, '', 'promotions', id);
}
