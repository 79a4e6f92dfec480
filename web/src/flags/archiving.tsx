import type { ListedFlag } from '~/api/flag-list'
import { countOf, type Deed } from './many'
import { archiveFlag } from './save'

/** Archiving of several flags, with who notices. */
export function archiving<F extends Pick<ListedFlag, 'id' | 'last_evaluated_at' | 'environments'>>(
  flags: F[],
): Deed<F> {
  const on = flags.filter(flag => flag.environments.some(entry => entry.status === 'ENABLED'))
  return {
    title: `Archive ${countOf(flags)}?`,
    verb: 'Archive',
    danger: true,
    children: (
      <>
        Applications that still ask for {flags.length === 1 ? 'it' : 'them'} get the default in their code, in every
        environment. {on.length > 0 ? `${countOf(on)} of these ${on.length === 1 ? 'is' : 'are'} on somewhere. ` : ''}
        Nothing is lost: it can be taken out of the archive as it was.
      </>
    ),
    each: flag => archiveFlag(flag.id, true),
  }
}
