/** The icon of packages: a taped box. */

import { LabIcon } from '@jupyterlab/ui-components';

const SVG = `<svg xmlns="http://www.w3.org/2000/svg" width="16" height="16" viewBox="0 0 16 16">
  <path class="jp-icon3" fill="#616161" fill-rule="evenodd" d="M8 1 14.5 4.2V11.8L8 15 1.5 11.8V4.2ZM8 2.45 3.9 4.45 8 6.45 12.1 4.45ZM2.8 5.4V11L7.35 13.25V7.6ZM13.2 5.4 8.65 7.6V13.25L13.2 11Z"/>
</svg>`;

export const packageIcon = new LabIcon({
  name: 'jupyter-modelpack:package',
  svgstr: SVG
});
