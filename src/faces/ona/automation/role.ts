import { ServiceRole } from '../gen/gitpod/v1/environment_automation_pb.js'

const ROLES: Readonly<Record<string, ServiceRole>> = {
  '': ServiceRole.UNSPECIFIED,
  default: ServiceRole.DEFAULT,
  editor: ServiceRole.EDITOR,
  'ai-agent': ServiceRole.AI_AGENT,
}

/** How a file says it; undefined names are none. */
export const roleOf = (name: string): ServiceRole => ROLES[name] ?? ServiceRole.UNSPECIFIED
