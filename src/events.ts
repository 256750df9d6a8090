/** Hints from the server's event stream that a build or a run has moved. */

import { Event } from '@jupyterlab/services';
import { DisposableDelegate, IDisposable } from '@lumino/disposable';

import { IProgressEvent } from './tokens';
import { ShapeError } from './validate/shape';
import { progressEvent } from './validate/work';

const SCHEMA = /jupyter[_-]modelpack\/progress/;

/** Call `hint` for each of our events until the result is disposed. */
export function followEvents(
  stream: Event.Stream,
  hint: (event: IProgressEvent) => void
): IDisposable {
  const heard = (_: Event.IManager, emission: Event.Emission): void => {
    if (!SCHEMA.test(emission.schema_id)) {
      return;
    }
    try {
      hint(progressEvent(emission, ''));
    } catch (reason) {
      // A hint that cannot be read is no hint: polling finds out anyway.
      if (!(reason instanceof ShapeError)) {
        throw reason;
      }
    }
  };
  stream.connect(heard);
  return new DisposableDelegate(() => {
    stream.disconnect(heard);
  });
}
