import { queryOptions, useQuery } from '@tanstack/react-query'
import { api, body, type Schemas } from './client'

/** A member of the project. */
export type Person = Schemas['UserOut']

/** The members of the project. */
export const peopleQuery = queryOptions({
  queryKey: ['people', 'users'],
  queryFn: async () => (await body(api.GET('/api/v1/users'))).users,
})

/** What to call whoever has this id: their name, their e-mail, or what is left of the id when they are gone. */
export function useNameOf(): (id: string | null | undefined) => string {
  const { data } = useQuery({ ...peopleQuery, retry: false })
  return id => {
    if (!id) return 'the server'
    const person = data?.find(person => person.id === id)
    return person ? person.name || person.email : `somebody (${id.slice(0, 8)})`
  }
}
