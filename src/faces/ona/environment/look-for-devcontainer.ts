import { DEVCONTAINER_PLACES, type DevContainer, readDevContainer } from '../../../workspaces/devcontainer.ts'
import { readInside } from '../../../workspaces/read-inside.ts'
import type { EnvironmentRecord } from '../documents.ts'
import { specOf } from './spec-json.ts'

/** The workspace's dev container; undefined where there is no file for one. */
export async function lookForDevcontainer({ spec, workspace }: EnvironmentRecord): Promise<DevContainer | undefined> {
  const { devcontainerFilePath = '', defaultDevcontainerImage = '' } = specOf(spec).devcontainer ?? {}
  for (const path of devcontainerFilePath === '' ? DEVCONTAINER_PLACES : [devcontainerFilePath]) {
    const text = await readInside(workspace.directory, path)
    if (text !== undefined) return readDevContainer(text)
  }
  if (devcontainerFilePath !== '') return { env: {}, problem: `there is no ${devcontainerFilePath}` }
  return defaultDevcontainerImage === '' ? undefined : { image: defaultDevcontainerImage, env: {} }
}
