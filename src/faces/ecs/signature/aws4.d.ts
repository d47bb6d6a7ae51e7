/** aws4 comes without types; this is what the tests use of it. */
declare module 'aws4' {
  const aws4: {
    sign(
      request: object,
      credentials: { accessKeyId: string; secretAccessKey: string; sessionToken?: string },
    ): { headers: Record<string, string> }
  }
  // biome-ignore lint/style/noDefaultExport: it is how the package exports itself
  export default aws4
}
