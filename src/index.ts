/** The entry point: the plugins of this extension. */

import panel from './plugins/panel';
import review from './plugins/review';

export default [panel, review];
