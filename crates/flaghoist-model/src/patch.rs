//! The three things a partial update may say about a member.

/// What a partial update says about one member: nothing, "clear it", or a new value.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Patch<T> {
    /// The member was absent: leave what is there.
    #[default]
    Keep,
    /// The member was null: remove what is there.
    Clear,
    /// The member had a value.
    Set(T),
}

impl<T> Patch<T> {
    /// `current` with this patch applied.
    pub fn apply(self, current: Option<T>) -> Option<T> {
        match self {
            Self::Keep => current,
            Self::Clear => None,
            Self::Set(value) => Some(value),
        }
    }

    /// The patch with its value, if any, converted.
    pub fn map<U>(self, convert: impl FnOnce(T) -> U) -> Patch<U> {
        match self {
            Self::Keep => Patch::Keep,
            Self::Clear => Patch::Clear,
            Self::Set(value) => Patch::Set(convert(value)),
        }
    }
}
