import { firstStartOf } from '../faces/kit/first-start.ts'
import { keyFileOf } from './data-directory.ts'
import { FIRST_START_SPELLINGS } from './first-start-spellings.ts'
import { openVault } from './vault.ts'

export { makeDataDirectory } from './data-directory.ts'

const REGION = 'us-east-1'

/**
 * What points each vendor's clients at this server: addresses and the credentials of the first start. Derived from the
 * key file, which is made if it is missing, so no server has to run. Throws when the key file cannot be trusted.
 */
export async function clientEnvironment(server: {
  readonly url: string
  readonly dataDirectory: string
}): Promise<Readonly<Record<string, string>>> {
  const vault = openVault(keyFileOf(server.dataDirectory))
  const first = (face: string) => firstStartOf(vault, face, FIRST_START_SPELLINGS[face])
  const url = server.url.replace(/\/+$/, '')
  const [aws, cloudFoundry, ona] = [first('ecs'), first('cloudfoundry'), first('ona')]
  return {
    TASKPORT_URL: url,
    TASKPORT_TOKEN: first('native').secret,
    AWS_ENDPOINT_URL: url,
    AWS_ENDPOINT_URL_ECS: url,
    AWS_ENDPOINT_URL_CLOUDWATCH_LOGS: url,
    AWS_ACCESS_KEY_ID: aws.name,
    AWS_SECRET_ACCESS_KEY: aws.secret,
    AWS_REGION: REGION,
    // botocore reads this one only (configuring "region" in its configprovider).
    AWS_DEFAULT_REGION: REGION,
    CF_API: url,
    CF_USERNAME: cloudFoundry.name,
    CF_PASSWORD: cloudFoundry.secret,
    UPSUN_CLI_API_URL: url,
    UPSUN_CLI_AUTH_URL: url,
    UPSUN_CLI_TOKEN: first('upsun').secret,
    GITPOD_BASE_URL: `${url}/api`,
    GITPOD_API_KEY: ona.secret,
    ONA_BASE_URL: `${url}/api`,
    ONA_API_KEY: ona.secret,
    LIVEPEER_SERVER_URL: `${url}/api`,
    LIVEPEER_API_KEY: first('livepeer').secret,
  }
}
