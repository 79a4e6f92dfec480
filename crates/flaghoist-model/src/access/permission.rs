//! Permissions and sets of them.

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::fmt;

macro_rules! permissions {
    ($($(#[$doc:meta])* $name:ident = $text:literal),+ $(,)?) => {
        /// What an operation may require. Where Datadog has a name, it is Datadog's.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Permission {
            $($(#[$doc])* $name),+
        }

        impl Permission {
            /// All permissions, in the order in which lists show them.
            pub const ALL: &'static [Self] = &[$(Self::$name),+];

            /// The name on the wire.
            pub const fn as_str(self) -> &'static str {
                match self {
                    $(Self::$name => $text),+
                }
            }
        }
    };
}

permissions! {
    /// Read flags.
    FeatureFlagConfigRead = "feature_flag_config_read",
    /// Change flags, variants, allocations and what an environment serves.
    FeatureFlagConfigWrite = "feature_flag_config_write",
    /// Read environments; also needed by every operation that returns a flag.
    FeatureFlagEnvironmentConfigRead = "feature_flag_environment_config_read",
    /// Change environments.
    FeatureFlagEnvironmentConfigWrite = "feature_flag_environment_config_write",
    /// Make changes that need an approval without one.
    FeatureFlagApprovalsOverride = "feature_flag_approvals_override",
    /// See who may change a flag.
    RestrictionPoliciesRead = "restriction_policies_read",
    /// Say who may change a flag.
    RestrictionPoliciesWrite = "restriction_policies_write",
    /// See teams.
    TeamsRead = "teams_read",
    /// Make, change and remove teams.
    TeamsManage = "teams_manage",
    /// Make, list and revoke application keys of one's own.
    UserAppKeys = "user_app_keys",
    /// See all keys of the project, never their secrets.
    KeysRead = "keys_read",
    /// Make and revoke API keys, SDK keys and the application keys of service accounts.
    KeysWrite = "keys_write",
    /// See the members of the project.
    UsersRead = "users_read",
    /// Add, change and remove members of the project.
    UsersWrite = "users_write",
    /// See roles.
    RolesRead = "roles_read",
    /// Make, change and remove custom roles.
    RolesWrite = "roles_write",
    /// Make projects and change this one.
    ProjectsWrite = "projects_write",
    /// See webhooks and their deliveries.
    WebhooksRead = "webhooks_read",
    /// Make, change and remove webhooks.
    WebhooksWrite = "webhooks_write",
}

impl Permission {
    /// The permission of that name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|permission| permission.as_str() == name)
    }
}

/// A set of permissions. In JSON a list of their names; names that this version does not know are dropped, which
/// can only take rights away.
#[derive(Clone, Copy, Default, PartialEq, Eq, Hash)]
pub struct PermissionSet(u32);

impl PermissionSet {
    /// No permission.
    pub const NONE: Self = Self(0);

    /// The set of these.
    pub const fn of(permissions: &[Permission]) -> Self {
        let mut bits = 0;
        let mut position = 0;
        while position < permissions.len() {
            bits |= 1 << permissions[position] as u32;
            position += 1;
        }
        Self(bits)
    }

    /// Every permission.
    pub const fn all() -> Self {
        Self::of(Permission::ALL)
    }

    /// Whether the permission is in the set.
    pub const fn contains(self, permission: Permission) -> bool {
        self.0 & (1 << permission as u32) != 0
    }

    /// Whether everything in this set is in the other.
    pub const fn is_within(self, other: Self) -> bool {
        self.0 & !other.0 == 0
    }

    /// What is in either.
    #[must_use]
    pub const fn union(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// What is in both.
    #[must_use]
    pub const fn intersection(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }

    /// What is in this set and not in the other.
    #[must_use]
    pub const fn without(self, other: Self) -> Self {
        Self(self.0 & !other.0)
    }

    /// The permissions, in the order of [`Permission::ALL`].
    pub fn iter(self) -> impl Iterator<Item = Permission> {
        Permission::ALL.iter().copied().filter(move |permission| self.contains(*permission))
    }

    /// The names, in that order.
    pub fn names(self) -> Vec<&'static str> {
        self.iter().map(Permission::as_str).collect()
    }
}

impl FromIterator<Permission> for PermissionSet {
    fn from_iter<I: IntoIterator<Item = Permission>>(permissions: I) -> Self {
        permissions.into_iter().fold(Self::NONE, |set, permission| set.union(Self::of(&[permission])))
    }
}

impl fmt::Debug for PermissionSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.names()).finish()
    }
}

impl Serialize for PermissionSet {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.names())
    }
}

impl<'de> Deserialize<'de> for PermissionSet {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let names = Vec::<String>::deserialize(deserializer)?;
        Ok(names.iter().filter_map(|name| Permission::from_name(name)).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_set_holds_what_was_put_in_and_reads_back_from_its_names() {
        let set = PermissionSet::of(&[Permission::UsersRead, Permission::FeatureFlagConfigRead]);
        assert_eq!(set.names(), ["feature_flag_config_read", "users_read"]);
        assert!(set.is_within(PermissionSet::all()) && !PermissionSet::all().is_within(set));
        let read: PermissionSet = serde_json::from_str(&serde_json::to_string(&set).unwrap()).unwrap();
        assert_eq!(read, set);
        let future: PermissionSet = serde_json::from_str(r#"["of_a_later_version","users_read"]"#).unwrap();
        assert_eq!(future, PermissionSet::of(&[Permission::UsersRead]));
    }

    #[test]
    fn every_permission_has_a_bit_and_a_name_of_its_own() {
        for permission in Permission::ALL {
            assert_eq!(Permission::from_name(permission.as_str()), Some(*permission));
            assert_eq!(PermissionSet::of(&[*permission]).iter().collect::<Vec<_>>(), [*permission]);
        }
    }
}
