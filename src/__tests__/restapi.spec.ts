import { ServerConnection } from '@jupyterlab/services';

import { RestAPI } from '../restapi';
import { Problem } from '../tokens';
import { golden } from './golden';

/** As much of Headers as a request needs; jsdom has none. */
class FakeHeaders extends Map<string, string> {
  constructor(init: Record<string, string> = {}) {
    super(Object.entries(init));
  }
  append(name: string, value: string): void {
    this.set(name, value);
  }
}

class FakeRequest {
  readonly headers = new FakeHeaders();
  constructor(
    readonly url: string,
    init: RequestInit
  ) {
    Object.assign(this, { method: init.method, body: init.body });
  }
}

/** A server that gives one answer, and notes the request. */
function answering(
  status: number,
  body: string
): { api: RestAPI; requests: Request[] } {
  const requests: Request[] = [];
  const settings = ServerConnection.makeSettings({
    baseUrl: 'http://localhost/user/ada/',
    token: 'secret',
    fetch: (async (input: Request): Promise<unknown> => {
      requests.push(input);
      return {
        ok: status < 400,
        status,
        statusText: 'Said so',
        text: async () => body
      };
    }) as typeof fetch,
    Request: FakeRequest as unknown as typeof Request,
    Headers: FakeHeaders as unknown as typeof Headers
  });
  return { api: new RestAPI(settings), requests };
}

async function refused(promise: Promise<unknown>): Promise<Problem> {
  return promise.then(
    () => {
      throw new Error('It was not refused.');
    },
    (reason: Problem) => reason
  );
}

describe('RestAPI', () => {
  it('asks under the base URL, with each part escaped', async () => {
    const { api, requests } = answering(
      200,
      JSON.stringify(golden('inspection'))
    );
    await api.inspection('a folder/ü & ?.ipynb');
    expect(requests[0].url).toMatch(
      /^http:\/\/localhost\/user\/ada\/jupyter-modelpack\/inspection\?path=a%20folder%2F%C3%BC%20%26%20%3F\.ipynb/
    );
    expect(requests[0].method).toBe('GET');
  });

  it('escapes names in paths', async () => {
    const { api, requests } = answering(200, JSON.stringify(golden('package')));
    await api.package('../x', '1.0.0');
    expect(requests[0].url).toContain('/packages/..%2Fx/1.0.0');
  });

  it('sends a build as JSON', async () => {
    const { api, requests } = answering(
      201,
      JSON.stringify(golden('build_running'))
    );
    const request = {
      path: 'churn.ipynb',
      verify: true,
      network: false,
      compression: 'none'
    };
    expect((await api.startBuild(request)).phase).toBe('Running');
    expect(requests[0].method).toBe('POST');
    expect(JSON.parse(String(requests[0].body))).toEqual(request);
  });

  it('leaves out what is not asked for', async () => {
    const { api, requests } = answering(200, JSON.stringify(golden('history')));
    await api.history('churn', 'production', '');
    await api.history('churn', 'production', '2026-11-19T12:00:00.000Z');
    const [all, then] = requests.map(each => each.url.split('?')[1]);
    expect(all).toMatch(/^name=churn&environment=production(?:&\d+)?$/);
    expect(then).toContain('&at=2026-11-19T12%3A00%3A00.000Z');
  });

  it('sends a decision, and asks for what is open', async () => {
    const { api, requests } = answering(
      200,
      JSON.stringify(golden('promotion'))
    );
    const decision = {
      decision: 'approve',
      comment: 'Fine.',
      digest: 'sha256:1',
      policy: null,
      generation: 4
    } as const;
    await api.decide('p/1', decision);
    expect(requests[0].url).toContain('/promotions/p%2F1/decision');
    expect(JSON.parse(String(requests[0].body))).toEqual(decision);
    const listing = answering(200, JSON.stringify(golden('promotions')));
    expect(await listing.api.promotions()).toHaveLength(2);
    expect(listing.requests[0].url).toContain('/promotions?open=true');
  });

  it('passes on the error that the server names', async () => {
    const { api } = answering(404, JSON.stringify(golden('error')));
    const problem = await refused(api.package('churn', '9.9.9'));
    expect(problem).toMatchObject({
      code: 'PACKAGE_UNKNOWN',
      message: 'There is no package churn 9.9.9.',
      advice: 'Choose one from the list of packages.'
    });
  });

  it.each([
    [404, '<h1>Not found</h1>', 'SERVER_MISSING'],
    [403, '{"message": "Forbidden"}', 'NOT_PERMITTED'],
    [500, '', 'BUG'],
    [502, '<html>', 'BUG']
  ])('makes sense of %d without our body', async (status, body, code) => {
    const { api } = answering(status, body);
    expect((await refused(api.info())).code).toBe(code);
  });

  it('says when the server does not answer', async () => {
    const settings = ServerConnection.makeSettings({
      baseUrl: 'http://localhost/',
      fetch: (async () => {
        throw new TypeError('Failed to fetch');
      }) as unknown as typeof fetch,
      Request: FakeRequest as unknown as typeof Request,
      Headers: FakeHeaders as unknown as typeof Headers
    });
    const problem = await refused(new RestAPI(settings).info());
    expect(problem.code).toBe('UNREACHABLE');
  });
});
