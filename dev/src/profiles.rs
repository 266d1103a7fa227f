//! The profiles of the functions: the examples of the stand-ins, or those of `--profiles FILE`.

use std::collections::BTreeMap;
use std::path::Path;
use std::{fmt, fs};

use serde::de::{Deserializer, Error, MapAccess, Visitor};
use serde_json::value::RawValue;
use voicemint::internals::check_profiles;
use voicemint::provider::{ProfileFormat, Provider};

use crate::providers::{PROVIDERS, ProviderEntry};

/// The name of the secret with the profiles of a provider's function.
pub fn secret_id(provider: &str) -> String {
    format!("{provider}-profiles")
}

/// The setting that names the default profile.
pub const DEFAULT_SETTING: &str = "DEFAULT_PROFILE";

/// The profile that is the default one, where there is a profile of this name.
pub const DEFAULT: &str = "default";

/// The profiles of the file, by provider: each is the text of a secret.
#[derive(Default)]
pub struct ProfilesFile(BTreeMap<String, Box<RawValue>>);

impl ProfilesFile {
    /// Reads the file of `--profiles`.
    ///
    /// # Errors
    /// One sentence that says what is wrong with the file.
    pub fn read(file: Option<&Path>) -> Result<Self, String> {
        let Some(file) = file else {
            return Ok(Self::default());
        };
        let shown = file.display();
        let text = fs::read_to_string(file)
            .map_err(|error| format!("--profiles: cannot read {shown}: {error}"))?;
        // Without the error's own words, which can quote the file.
        let Members(parsed) = serde_json::from_str(&text).map_err(|error| {
            format!(
                "--profiles: {shown} is not a JSON object of the form \
                 {{\"PROVIDER\": {{\"PROFILE\": {{…}}}}}}, each provider once: line {}, column {}",
                error.line(),
                error.column()
            )
        })?;
        let with_profiles: Vec<_> = PROVIDERS
            .iter()
            .filter(|provider| provider.standin.profiles().is_some())
            .map(|provider| provider.name)
            .collect();
        match parsed
            .keys()
            .find(|name| !with_profiles.contains(&name.as_str()))
        {
            Some(name) => Err(format!(
                "--profiles: {shown} has the member {name:?}, but its members are the providers with profiles: {}",
                with_profiles.join(", ")
            )),
            None => Ok(Self(parsed)),
        }
    }

    /// The profiles of a provider, with the example profiles where the file has none of it. `None`
    /// if the provider has no profiles.
    ///
    /// # Errors
    /// What is wrong with the file's profiles, without their content.
    pub fn of<P: Provider>(
        &self,
        provider: ProviderEntry,
    ) -> Result<Option<Profiles>, Vec<String>> {
        if !P::Profile::IS_USED {
            return Ok(None);
        }
        let given = self.0.get(provider.name).map(|text| text.get());
        let Some(text) = given.or_else(|| provider.standin.profiles()) else {
            return Err(vec!["the stand-in has no example profiles".to_owned()]);
        };
        let names = check_profiles::<P::Profile>(text)?;
        Ok(Some(Profiles {
            secret: text.to_owned(),
            names,
        }))
    }
}

/// The members of the file. A repeated one is an error, as it is in a secret.
struct Members(BTreeMap<String, Box<RawValue>>);

impl<'de> serde::Deserialize<'de> for Members {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Unique;
        impl<'de> Visitor<'de> for Unique {
            type Value = Members;

            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Members, A::Error> {
                let mut members = BTreeMap::new();
                while let Some((name, value)) = map.next_entry()? {
                    if members.insert(name, value).is_some() {
                        return Err(A::Error::custom("a repeated member"));
                    }
                }
                Ok(Members(members))
            }
        }
        deserializer.deserialize_map(Unique)
    }
}

/// The profiles of one provider. It has no `Debug`, as they are the deployment's secret.
pub struct Profiles {
    /// The value of the secret.
    pub secret: String,
    /// The names of the profiles.
    pub names: Vec<String>,
}

impl Profiles {
    /// The default profile, unless a setting names one.
    pub fn default(&self) -> Option<&'static str> {
        self.names
            .iter()
            .any(|name| name == DEFAULT)
            .then_some(DEFAULT)
    }

    /// The names of the profiles, the default one first.
    pub fn into_names(self, default: Option<&str>) -> Vec<String> {
        let is_default = |name: &String| Some(name.as_str()) == default;
        let (first, rest): (Vec<_>, Vec<_>) = self.names.into_iter().partition(is_default);
        first.into_iter().chain(rest).collect()
    }
}
