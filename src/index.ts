/** The entry point: the plugins of this extension. */

import panel from './plugins/panel';

export default [panel];
