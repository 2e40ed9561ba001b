//! A model as bytes, to be kept by whoever runs the service.

use super::bins::WEIGHTS;
use super::{Model, WEIGHT_MOST, Weight};
use thiserror::Error;

/// The version of the format, which also stands for the tables and their bins.
const FORMAT: u16 = 1;

/// Why bytes are no model.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum DecodeError {
    /// They are of another format.
    #[error("the model has format {found}, and this program reads format {FORMAT}")]
    Format {
        /// The format that they name.
        found: u16,
    },
    /// They end early, or go on after the end, or hold what no model can.
    #[error("the bytes are no model")]
    Malformed,
}

impl Model {
    /// The model as bytes: the format, the count of samples, and each weight that ever moved. Equal
    /// models give equal bytes.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let weights = self.weights.iter().enumerate();
        let moved = weights.filter(|(_, weight)| **weight != Weight::default());
        let moved: Vec<(u32, i32, u32)> = moved
            .map(|(bin, weight)| (bin as u32, weight.value, weight.moved))
            .collect();
        postcard::to_allocvec(&(FORMAT, self.samples, moved))
            .expect("integers always have an encoding")
    }

    /// Reads what [`Model::encode`] wrote.
    ///
    /// # Errors
    /// The bytes are of another format, or are no model.
    pub fn decode(bytes: &[u8]) -> Result<Model, DecodeError> {
        let malformed = |_| DecodeError::Malformed;
        let (found, rest) = postcard::take_from_bytes::<u16>(bytes).map_err(malformed)?;
        if found != FORMAT {
            return Err(DecodeError::Format { found });
        }
        let ((samples, moved), rest) =
            postcard::take_from_bytes::<(u64, Vec<(u32, i32, u32)>)>(rest).map_err(malformed)?;
        let mut model = Model {
            samples,
            ..Model::new()
        };
        let in_order = moved.is_sorted_by(|(bin, ..), (next, ..)| bin < next);
        if !rest.is_empty() || !in_order {
            return Err(DecodeError::Malformed);
        }
        for (bin, value, moved) in moved {
            let weight = Weight { value, moved };
            let possible = i64::from(value).abs() <= WEIGHT_MOST && weight != Weight::default();
            if bin as usize >= WEIGHTS || !possible {
                return Err(DecodeError::Malformed);
            }
            model.weights[bin as usize] = weight;
        }
        Ok(model)
    }
}
