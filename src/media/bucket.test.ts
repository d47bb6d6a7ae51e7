import { expect, test } from 'vitest'
import { signedUrl } from './bucket.ts'

test('an address is signed as the published example has it', () => {
  // Amazon S3 API reference, "Authenticating Requests: Using Query Parameters", its example of 24 May 2013.
  const place = { endpoint: 'https://examplebucket.s3.amazonaws.com', bucket: '', path: '/test.txt' }
  const keys = { accessKeyId: 'AKIAIOSFODNN7EXAMPLE', secretAccessKey: 'wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY' }
  const at = new Date('2013-05-24T00:00:00Z')
  expect(signedUrl(place, keys, 'GET', { at, validS: 86_400 })).toBe(
    'https://examplebucket.s3.amazonaws.com/test.txt?X-Amz-Algorithm=AWS4-HMAC-SHA256' +
      '&X-Amz-Credential=AKIAIOSFODNN7EXAMPLE%2F20130524%2Fus-east-1%2Fs3%2Faws4_request' +
      '&X-Amz-Date=20130524T000000Z&X-Amz-Expires=86400&X-Amz-SignedHeaders=host' +
      '&X-Amz-Signature=aeeed9bbccd4d02ee5c0109b86d86835f995330da4c265957d157751f604d404',
  )
})

test('names are escaped as signatures want it, wherever they have blanks, slashes or signs', () => {
  const place = { endpoint: 'http://store.example:9000/prefix/', bucket: 'my bucket', path: "a/ü(1)*'!.mp4" }
  const url = signedUrl(place, { accessKeyId: 'a/b', secretAccessKey: 's' }, 'PUT')
  expect(new URL(url).pathname).toBe('/prefix/my%20bucket/a/%C3%BC%281%29%2A%27%21.mp4')
  expect(new URL(url).searchParams.get('X-Amz-Credential')).toMatch(/^a\/b\/\d{8}\/us-east-1\/s3\/aws4_request$/)
})
