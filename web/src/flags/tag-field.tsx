import { TagsInput, type TagsInputProps } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { flagTagsQuery } from '~/api/flag-list'

/** Chooses tags, those that other flags have first. */
export function TagField({ label = 'Tags', ...field }: TagsInputProps) {
  const { data } = useQuery(flagTagsQuery)
  return (
    <TagsInput
      label={label}
      placeholder={field.value?.length ? undefined : 'team:web'}
      data={data ?? []}
      splitChars={[',']}
      clearable
      {...field}
    />
  )
}
