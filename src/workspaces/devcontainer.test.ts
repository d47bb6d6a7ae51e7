import { expect, test } from 'vitest'
import { readDevContainer } from './devcontainer.ts'

test('an image and its variables are read, comments and last commas or not', () => {
  const text = `// which
{ "image": "registry/a//b:1", /* "image": "no", */
  "containerEnv": {"A": "1", "N": 2, "HOME": "\${localEnv:HOME}"}, "remoteEnv": {"B": "x, }",}, }`
  expect(readDevContainer(text)).toEqual({ image: 'registry/a//b:1', env: { A: '1', B: 'x, }' } })
})

test.each([
  ['{"build": {"dockerfile": "Dockerfile"}}', 'build'],
  ['{"dockerComposeFile": "x.yml", "service": "s"}', 'dockerComposeFile'],
  ['{"features": {}}', 'names no image'],
  ['[]', 'no JSON'],
  ['{', 'no JSON'],
])('%s has no image, and says why', (text, words) => {
  const { image, problem } = readDevContainer(text)
  expect([image, problem]).toEqual([undefined, expect.stringContaining(words)])
})
