/** A notebook as it ran, in a frame that runs nothing. */

import { MainAreaWidget } from '@jupyterlab/apputils';
import { Widget } from '@lumino/widgets';

import { packageIcon } from '../icon';

/** Static HTML in a sandbox without scripts, forms, or an origin of its own. */
export function previewOf(html: string, title: string): MainAreaWidget<Widget> {
  const frame = document.createElement('iframe');
  frame.setAttribute('sandbox', '');
  frame.setAttribute('referrerpolicy', 'no-referrer');
  frame.title = title;
  frame.srcdoc = html;
  const content = new Widget();
  content.addClass('jp-ModelpackPreview');
  content.node.appendChild(frame);
  const widget = new MainAreaWidget({ content });
  widget.title.label = title;
  widget.title.icon = packageIcon;
  return widget;
}
