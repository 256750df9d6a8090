/** The header of a notebook that changed since its last package. */

import { nullTranslator } from '@jupyterlab/translation';

import { IHeaderProps } from '../sections/header';

const trans = nullTranslator.load('jupyter_modelpack');
const nothing = (): void => undefined;

export const header: IHeaderProps = {
  name: 'churn.ipynb',
  path: 'churn.ipynb',
  standing: 'changed',
  badge: '',
  last: { name: 'churn', version: '1.2.0' },
  dirty: false,
  blocking: 0,
  options: { verify: true, network: false, settings: [], line: '' },
  reads: [],
  trans,
  onPackage: nothing,
  onOptions: nothing
};
