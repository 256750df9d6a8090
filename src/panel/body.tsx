/** The panel's content as a widget; loaded only when it is first needed. */

import { TranslationBundle } from '@jupyterlab/translation';
import { ReactWidget, UseSignal } from '@jupyterlab/ui-components';
import React from 'react';

import { PanelModel } from './model';
import { IHost } from './opened';
import { View } from './view';

export class PanelBody extends ReactWidget {
  constructor(
    private readonly model: PanelModel,
    private readonly host: IHost,
    private readonly trans: TranslationBundle
  ) {
    super();
    this.addClass('jp-ModelpackPanel-body');
  }

  protected render(): JSX.Element {
    return (
      <UseSignal signal={this.model.changed}>
        {() => <View model={this.model} host={this.host} trans={this.trans} />}
      </UseSignal>
    );
  }
}
