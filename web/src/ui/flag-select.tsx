import { Select } from '@mantine/core'
import { useDebouncedValue } from '@mantine/hooks'
import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { foundFlagsQuery } from '~/api/flag-list'

/** Chooses one flag of however many, by what one types. Calls it by its id or by its key. */
export function FlagSelect({
  by,
  value,
  label,
  known,
  onChange,
  placeholder = 'Any flag',
  width = 220,
}: {
  by: 'id' | 'key'
  value: string | undefined
  label: string
  /** What to call the chosen one where it is chosen by id. */
  known?: string
  onChange: (value: string | undefined) => void
  placeholder?: string
  width?: number | string
}) {
  const [typed, setTyped] = useState('')
  const [text] = useDebouncedValue(typed === value || typed === known ? '' : typed, 150)
  const { data, isFetching } = useQuery({ ...foundFlagsQuery(text), placeholderData: earlier => earlier })
  const options = (data ?? []).map(flag => ({ value: by === 'id' ? flag.id : flag.key, label: flag.key }))
  if (value && !options.some(option => option.value === value)) options.unshift({ value, label: known ?? value })
  return (
    <Select
      label={label}
      w={width}
      data={options}
      value={value ?? null}
      onChange={chosen => onChange(chosen ?? undefined)}
      placeholder={placeholder}
      searchable
      clearable
      onSearchChange={setTyped}
      // The server has looked already, in names and descriptions too.
      filter={({ options }) => options}
      nothingFoundMessage={isFetching ? 'Looking…' : 'No flag has this in its key, name or description'}
      clearButtonProps={{ 'aria-label': `Clear ${label.toLowerCase()}` }}
    />
  )
}
