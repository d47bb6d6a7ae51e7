import { expect, test } from 'vitest'
import { type Configuration, DEFAULT_CONFIGURATION, problemWith } from './configuration.ts'

const problem = (more: Partial<Configuration>): string | undefined => problemWith({ ...DEFAULT_CONFIGURATION, ...more })

test('it listens on loopback unless told otherwise', () => {
  expect(DEFAULT_CONFIGURATION.host).toBe('127.0.0.1')
  expect(problem({})).toBeUndefined()
})

test.each(['127.0.0.1', '127.8.0.1', 'localhost', '::1', '[::1]'])('development credentials are fine on %s', (host) =>
  expect(problem({ host, auth: 'dev' })).toBeUndefined(),
)

test.each(['0.0.0.0', '::', '192.0.2.1', 'example.org', '127.example.org', 'localhost.example.org', '10.127.0.1'])(
  'development credentials are refused on %s, unless they are meant',
  (host) => {
    expect(problem({ host, auth: 'dev' })).toContain('--allow-dev-auth')
    expect(problem({ host, auth: 'dev', allowDevAuth: true })).toBeUndefined()
    expect(problem({ host, auth: 'strict' })).toBeUndefined()
  },
)

test.each([
  [{ imageRoots: ['alpine'] }, '--image-root alpine'],
  [{ environmentFiles: ['bucket='] }, '--environment-files bucket='],
  [{ executor: 'kubernetes' }, 'kubernetes'],
  [{ port: 65_536 }, '--port 65536'],
  [{ publishAddress: 'localhost' }, '--publish-address localhost'],
  [{ publishAddress: '::1' }, '--publish-address ::1'],
  [{ cpuUnits: -1_024 }, '--cpu'],
  [{ memoryBytes: 0 }, '--memory'],
  [{ slots: 0 }, '--slots'],
  [{ publicUrl: 'tasks.example' }, '--public-url tasks.example'],
  [{ ipfsApi: 'ftp://ipfs.example' }, '--ipfs-api ftp://ipfs.example'],
] as const)('%o is refused in words', (more, words) => expect(problem(more)).toContain(words))
